"""What enforcers report."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Two tables."""

    dependencies = [
        ('orders', '0002_observed'),
    ]

    operations = [
        migrations.CreateModel(
            name='EnforcerRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key_id', models.CharField(max_length=71)),
                ('network', models.CharField(max_length=500)),
                ('computed', models.DateTimeField()),
                ('received', models.DateTimeField()),
                ('report', models.BinaryField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('key_id', 'network'), name='enforcer_once')],
            },
        ),
        migrations.CreateModel(
            name='EnforcerHits',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('since', models.DateTimeField()),
                ('until', models.DateTimeField()),
                ('packets', models.BigIntegerField()),
                ('bytes', models.BigIntegerField()),
                ('end', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='hits',
                                          to='orders.orderedend')),
                ('enforcer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='hits',
                                               to='orders.enforcerrow')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('end', 'enforcer', 'since'), name='hits_once')],
            },
        ),
    ]
