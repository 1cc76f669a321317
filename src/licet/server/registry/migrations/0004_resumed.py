"""When the registry was found to have been away."""


from django.db import migrations, models


class Migration(migrations.Migration):
    """One field of the registry."""

    dependencies = [
        ('registry', '0003_log_receipts'),
    ]

    operations = [
        migrations.AddField(
            model_name='registry',
            name='resumed_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
