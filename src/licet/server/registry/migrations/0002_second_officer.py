"""A second officer confirms who joins and who stops; decision times have an index."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Fields of invitations and officers, and one index."""

    dependencies = [
        ('registry', '0001_first'),
    ]

    operations = [
        migrations.AddField(
            model_name='invitation',
            name='confirmed_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='invitation',
            name='confirmed_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='invitations_confirmed', to='registry.officer'),
        ),
        migrations.AddField(
            model_name='officer',
            name='retire_proposed_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='officer',
            name='retire_proposed_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='retirements_proposed', to='registry.officer'),
        ),
        migrations.AddIndex(
            model_name='application',
            index=models.Index(fields=['decided_at', 'submitted_at'], name='application_times'),
        ),
    ]
