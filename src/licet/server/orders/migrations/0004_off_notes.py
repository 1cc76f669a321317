"""That enforcers were switched off by hand."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """One table."""

    dependencies = [
        ('orders', '0003_enforcers'),
    ]

    operations = [
        migrations.CreateModel(
            name='EnforcerOff',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('network', models.CharField(max_length=500)),
                ('code', models.CharField(max_length=500)),
                ('off', models.DateTimeField()),
                ('told', models.DateTimeField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('network', 'code', 'off'), name='off_once')],
            },
        ),
    ]
