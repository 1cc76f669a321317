"""When an order's endpoints were last seen."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """One field of orders."""

    dependencies = [
        ('orders', '0001_first'),
    ]

    operations = [
        migrations.AddField(
            model_name='orderrow',
            name='observed_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
