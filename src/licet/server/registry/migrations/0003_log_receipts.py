"""Where each entry stands in the log."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """The table of receipts."""

    dependencies = [
        ('registry', '0002_second_officer'),
    ]

    operations = [
        migrations.CreateModel(
            name='Receipt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('leaf_index', models.PositiveBigIntegerField(unique=True)),
                ('entry', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='receipt', to='registry.outbox')),
            ],
            options={
                'abstract': False,
            },
        ),
    ]
