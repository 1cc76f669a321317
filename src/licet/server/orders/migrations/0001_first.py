"""The first tables of requests, orders and appeals."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Requests with their asks, orders with their endpoints, appeals with their proofs."""

    initial = True

    dependencies = [
        ('registry', '0004_resumed'),
    ]

    operations = [
        migrations.CreateModel(
            name='OrderedEnd',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('handle', models.CharField(max_length=20, unique=True)),
                ('endpoint', models.CharField(db_index=True, max_length=80)),
                ('tunnel_protocol', models.CharField(max_length=20)),
                ('contact', models.CharField(blank=True, max_length=500)),
                ('state', models.CharField(blank=True, max_length=20)),
                ('state_since', models.DateTimeField()),
                ('cr_date', models.DateTimeField()),
                ('up_date', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Appeal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('handle', models.CharField(max_length=20, unique=True)),
                ('state', models.CharField(choices=[('filed', 'filed'), ('stayed', 'stayed'), ('assigned', 'assigned'), ('waiting', 'waiting'), ('upheld', 'upheld'), ('dismissed', 'dismissed')], max_length=20)),
                ('state_since', models.DateTimeField()),
                ('filed', models.DateTimeField()),
                ('statement', models.TextField(max_length=2000)),
                ('contact', models.CharField(blank=True, max_length=500)),
                ('token_digest', models.CharField(max_length=64)),
                ('stayed_at', models.DateTimeField(blank=True, null=True)),
                ('is_proven', models.BooleanField(default=False)),
                ('question', models.TextField(blank=True, max_length=2000)),
                ('asked_at', models.DateTimeField(blank=True, null=True)),
                ('answer', models.TextField(blank=True, max_length=2000)),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('reasons', models.TextField(blank=True, max_length=2000)),
                ('remedy', models.TextField(blank=True, max_length=2000)),
                ('cr_date', models.DateTimeField()),
                ('up_date', models.DateTimeField()),
                ('reviewer', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='appeals', to='registry.officer')),
                ('end', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='appeals', to='orders.orderedend')),
            ],
        ),
        migrations.CreateModel(
            name='AppealProof',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('method', models.CharField(choices=[('dns-01', 'dns-01'), ('http-01', 'http-01'), ('tls-alpn-01', 'tls-alpn-01'), ('wireguard-01', 'wireguard-01'), ('callback-01', 'callback-01'), ('ssh-01', 'ssh-01')], max_length=20)),
                ('token', models.CharField(max_length=64, unique=True)),
                ('name', models.CharField(blank=True, max_length=253)),
                ('public_key', models.CharField(blank=True, max_length=44)),
                ('created', models.DateTimeField()),
                ('expires', models.DateTimeField()),
                ('tried_at', models.DateTimeField(blank=True, null=True)),
                ('validated', models.DateTimeField(blank=True, null=True)),
                ('error', models.CharField(blank=True, max_length=60)),
                ('seen', models.CharField(blank=True, max_length=500)),
                ('todo', models.CharField(blank=True, max_length=500)),
                ('appeal', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='proofs', to='orders.appeal')),
            ],
        ),
        migrations.CreateModel(
            name='OrderRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('handle', models.CharField(max_length=20, unique=True)),
                ('state', models.CharField(choices=[('draft', 'draft'), ('checked', 'checked'), ('simulated', 'simulated'), ('approved', 'approved'), ('noticed', 'noticed'), ('canary', 'canary'), ('live', 'live'), ('stayed', 'stayed'), ('rolled_back', 'rolled_back'), ('lifted', 'lifted'), ('expired', 'expired'), ('quashed', 'quashed'), ('refused', 'refused'), ('void', 'void')], max_length=20)),
                ('state_since', models.DateTimeField()),
                ('left', models.CharField(blank=True, max_length=20)),
                ('network', models.CharField(max_length=120)),
                ('ground', models.CharField(max_length=20)),
                ('request', models.CharField(blank=True, max_length=40)),
                ('case', models.CharField(max_length=71)),
                ('signed', models.BinaryField()),
                ('digest', models.CharField(max_length=71)),
                ('application_date', models.DateTimeField()),
                ('end_date', models.DateTimeField()),
                ('computed', models.DateTimeField(blank=True, null=True)),
                ('noticed_at', models.DateTimeField(blank=True, null=True)),
                ('activated_at', models.DateTimeField(blank=True, null=True)),
                ('reason', models.CharField(blank=True, max_length=80)),
                ('cr_date', models.DateTimeField()),
                ('up_date', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['state', 'end_date'], name='order_due')],
            },
        ),
        migrations.AddField(
            model_name='orderedend',
            name='order',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='ends', to='orders.orderrow'),
        ),
        migrations.AddField(
            model_name='appeal',
            name='order',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='appeals', to='orders.orderrow'),
        ),
        migrations.CreateModel(
            name='Request',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('handle', models.CharField(max_length=20, unique=True)),
                ('state', models.CharField(choices=[('received', 'received'), ('acknowledged', 'acknowledged'), ('answered', 'answered'), ('withdrawn', 'withdrawn')], max_length=20)),
                ('state_since', models.DateTimeField()),
                ('clock_since', models.DateTimeField()),
                ('requester', models.CharField(max_length=120)),
                ('principal', models.CharField(blank=True, max_length=120)),
                ('addressee', models.CharField(max_length=120)),
                ('relays', models.TextField(blank=True, max_length=2000)),
                ('legal_ground', models.CharField(blank=True, max_length=300)),
                ('legal_text_quoted', models.TextField(blank=True, max_length=8000)),
                ('legal_text_url', models.CharField(blank=True, max_length=500)),
                ('contact', models.CharField(max_length=500)),
                ('received', models.DateTimeField()),
                ('published_at', models.DateTimeField(blank=True, null=True)),
                ('overdue_at', models.DateTimeField(blank=True, null=True)),
                ('sealed_until', models.DateTimeField(blank=True, null=True)),
                ('answered', models.DateTimeField(blank=True, null=True)),
                ('cr_date', models.DateTimeField()),
                ('up_date', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['state', 'clock_since'], name='request_due')],
            },
        ),
        migrations.CreateModel(
            name='Ask',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('text', models.TextField(max_length=1000)),
                ('endpoint', models.CharField(blank=True, max_length=80)),
                ('code', models.CharField(blank=True, max_length=40)),
                ('answer', models.TextField(blank=True, max_length=2000)),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='asks', to='orders.request')),
            ],
        ),
        migrations.AddIndex(
            model_name='appeal',
            index=models.Index(fields=['state', 'filed'], name='appeal_due'),
        ),
        migrations.AddConstraint(
            model_name='ask',
            constraint=models.UniqueConstraint(fields=('request', 'number'), name='one_ask_a_number'),
        ),
    ]
