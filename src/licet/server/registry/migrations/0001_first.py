"""The first tables, as Django wrote them down from the models."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """From nothing to the first tables."""

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Account',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('email', models.EmailField(max_length=254, unique=True)),
                ('is_active', models.BooleanField(default=True)),
                ('joined', models.DateField(auto_now_add=True)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Snapshot',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('serial', models.PositiveBigIntegerField(unique=True)),
                ('digest', models.CharField(max_length=71)),
                ('content_digest', models.CharField(max_length=71)),
                ('records', models.PositiveIntegerField()),
                ('published_at', models.DateTimeField()),
                ('body', models.BinaryField()),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Endpoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('handle', models.CharField(max_length=20, unique=True)),
                ('address', models.GenericIPAddressField(blank=True, null=True)),
                ('transport', models.CharField(blank=True, max_length=10)),
                ('port', models.PositiveIntegerField(blank=True, null=True)),
                ('tunnel_protocol', models.CharField(max_length=20)),
                ('entry_text', models.CharField(blank=True, max_length=120)),
                ('name', models.CharField(blank=True, max_length=253)),
                ('endpoint_class', models.CharField(choices=[('datacentre', 'datacentre'), ('enterprise', 'enterprise'), ('shared', 'shared'), ('residential', 'residential'), ('unknown', 'unknown')], default='unknown', max_length=20)),
                ('proof_address', models.GenericIPAddressField(blank=True, null=True)),
                ('proof_port', models.PositiveIntegerField(blank=True, null=True)),
                ('public_key', models.CharField(blank=True, max_length=44)),
                ('mac1_key', models.CharField(blank=True, db_index=True, max_length=64)),
                ('key_since', models.DateTimeField(blank=True, null=True)),
                ('old_public_key', models.CharField(blank=True, max_length=44)),
                ('old_mac1_key', models.CharField(blank=True, db_index=True, max_length=64)),
                ('old_key_until', models.DateTimeField(blank=True, null=True)),
                ('state', models.CharField(choices=[('pending', 'pending'), ('valid', 'valid'), ('stale', 'stale'), ('inactive', 'inactive'), ('invalid', 'invalid'), ('gone', 'gone')], default='pending', max_length=20)),
                ('state_since', models.DateTimeField()),
                ('valid_since', models.DateTimeField(blank=True, null=True)),
                ('checked_at', models.DateTimeField(blank=True, null=True)),
                ('recheck_asked_at', models.DateTimeField(blank=True, null=True)),
                ('counts_until', models.DateTimeField(blank=True, null=True)),
                ('dropped_at', models.DateTimeField(blank=True, null=True)),
                ('cr_date', models.DateTimeField()),
                ('up_date', models.DateTimeField()),
                ('replaces', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='replacements', to='registry.endpoint')),
            ],
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('since', models.DateTimeField()),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Officer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=20, unique=True)),
                ('since', models.DateTimeField()),
                ('retired_at', models.DateTimeField(blank=True, null=True)),
                ('account', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='officer', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token_digest', models.CharField(max_length=64, unique=True)),
                ('created', models.DateTimeField()),
                ('expires', models.DateTimeField()),
                ('used_at', models.DateTimeField(blank=True, null=True)),
                ('invited_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='invitations', to='registry.officer')),
            ],
        ),
        migrations.CreateModel(
            name='Application',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('handle', models.CharField(max_length=20, unique=True)),
                ('state', models.CharField(choices=[('draft', 'draft'), ('proving', 'proving'), ('in_review', 'in_review'), ('info_needed', 'info_needed'), ('provisional', 'provisional'), ('approved', 'approved'), ('refused', 'refused'), ('withdrawn', 'withdrawn'), ('lapsed', 'lapsed')], default='draft', max_length=20)),
                ('state_since', models.DateTimeField()),
                ('clock_since', models.DateTimeField()),
                ('submitted_at', models.DateTimeField(blank=True, null=True)),
                ('escalated_at', models.DateTimeField(blank=True, null=True)),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('reason', models.CharField(blank=True, max_length=80)),
                ('reason_text', models.TextField(blank=True, max_length=2000)),
                ('cr_date', models.DateTimeField()),
                ('up_date', models.DateTimeField()),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='decisions', to='registry.officer')),
            ],
        ),
        migrations.CreateModel(
            name='Organisation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('handle', models.CharField(max_length=20, unique=True)),
                ('kind', models.CharField(choices=[('organisation', 'organisation'), ('self_declared', 'self-declared')], max_length=20)),
                ('name', models.CharField(max_length=120)),
                ('legal_name', models.CharField(blank=True, max_length=120)),
                ('jurisdiction', models.CharField(blank=True, max_length=2)),
                ('registration_number', models.CharField(blank=True, max_length=60)),
                ('lei', models.CharField(blank=True, max_length=20)),
                ('abuse_contact', models.CharField(blank=True, max_length=500)),
                ('contact_confirmed_at', models.DateTimeField(blank=True, null=True)),
                ('contact_token_digest', models.CharField(blank=True, max_length=64)),
                ('domain', models.CharField(blank=True, max_length=253)),
                ('domain_proven_at', models.DateTimeField(blank=True, null=True)),
                ('cr_date', models.DateTimeField()),
                ('up_date', models.DateTimeField()),
                ('members', models.ManyToManyField(related_name='organisations', through='registry.Membership', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.AddField(
            model_name='membership',
            name='organisation',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='registry.organisation'),
        ),
        migrations.CreateModel(
            name='Outbox',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('type', models.CharField(max_length=20)),
                ('subject', models.CharField(max_length=20)),
                ('sequence', models.PositiveIntegerField()),
                ('event', models.CharField(max_length=30)),
                ('before', models.CharField(blank=True, max_length=20)),
                ('after', models.CharField(max_length=20)),
                ('reason', models.CharField(blank=True, max_length=80)),
                ('role', models.CharField(max_length=20)),
                ('time', models.DateTimeField()),
                ('prev_subject_leaf', models.CharField(blank=True, max_length=71)),
                ('body', models.BinaryField()),
                ('body_digest', models.CharField(max_length=71)),
            ],
            options={
                'indexes': [models.Index(fields=['type', 'event', 'time'], name='outbox_counts')],
                'constraints': [models.UniqueConstraint(fields=('subject', 'sequence'), name='one_entry_a_sequence')],
            },
        ),
        migrations.CreateModel(
            name='Proof',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('method', models.CharField(choices=[('dns-01', 'dns-01'), ('http-01', 'http-01'), ('tls-alpn-01', 'tls-alpn-01'), ('wireguard-01', 'wireguard-01'), ('callback-01', 'callback-01'), ('ssh-01', 'ssh-01')], max_length=20)),
                ('token', models.CharField(max_length=64, unique=True)),
                ('status', models.CharField(choices=[('pending', 'pending'), ('valid', 'valid'), ('invalid', 'invalid')], default='pending', max_length=10)),
                ('created', models.DateTimeField()),
                ('expires', models.DateTimeField()),
                ('tried_at', models.DateTimeField(blank=True, null=True)),
                ('validated', models.DateTimeField(blank=True, null=True)),
                ('error', models.CharField(blank=True, max_length=60)),
                ('looked_for', models.CharField(blank=True, max_length=500)),
                ('where', models.CharField(blank=True, max_length=500)),
                ('seen', models.CharField(blank=True, max_length=500)),
                ('todo', models.CharField(blank=True, max_length=500)),
                ('endpoint', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='proofs', to='registry.endpoint')),
            ],
        ),
        migrations.CreateModel(
            name='Registration',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('ok', 'ok'), ('noticed', 'noticed'), ('noticed+appeal', 'noticed+appeal'), ('expiring', 'expiring'), ('redemption', 'redemption'), ('serverHold', 'serverHold'), ('pendingDelete', 'pendingDelete'), ('held', 'held'), ('lapsed', 'lapsed'), ('revoked', 'revoked'), ('gone', 'gone')], max_length=20)),
                ('state_since', models.DateTimeField()),
                ('cr_date', models.DateTimeField()),
                ('up_date', models.DateTimeField()),
                ('ex_date', models.DateTimeField()),
                ('reason', models.CharField(blank=True, max_length=80)),
                ('reason_text', models.TextField(blank=True, max_length=2000)),
                ('noticed_at', models.DateTimeField(blank=True, null=True)),
                ('noticed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='notices', to='registry.officer')),
            ],
        ),
        migrations.CreateModel(
            name='Proposal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('event', models.CharField(choices=[('suspend', 'suspend'), ('revoke', 'revoke')], max_length=10)),
                ('reason', models.CharField(max_length=80)),
                ('reason_text', models.TextField(max_length=2000)),
                ('proposed_at', models.DateTimeField()),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
                ('confirmed', models.BooleanField(default=False)),
                ('closed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='closings', to='registry.officer')),
                ('proposed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='proposals', to='registry.officer')),
                ('registration', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='proposals', to='registry.registration')),
            ],
        ),
        migrations.CreateModel(
            name='Registry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('owned', 'owned'), ('public', 'public')], max_length=10)),
                ('name', models.CharField(max_length=120)),
                ('created', models.DateTimeField()),
                ('clock_ran_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='one_registry')],
            },
        ),
        migrations.CreateModel(
            name='Service',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('handle', models.CharField(max_length=20, unique=True)),
                ('name', models.CharField(max_length=120)),
                ('purpose', models.CharField(blank=True, max_length=300)),
                ('is_listed', models.BooleanField(default=True)),
                ('website', models.CharField(blank=True, max_length=500)),
                ('logs', models.CharField(blank=True, max_length=300)),
                ('interception_duty', models.CharField(choices=[('yes', 'yes'), ('no', 'no'), ('unknown', 'unknown')], default='unknown', max_length=10)),
                ('audit_url', models.CharField(blank=True, max_length=500)),
                ('audit_date', models.DateField(blank=True, null=True)),
                ('sponsor', models.CharField(blank=True, max_length=120)),
                ('is_attested', models.BooleanField(default=False)),
                ('cr_date', models.DateTimeField()),
                ('up_date', models.DateTimeField()),
                ('organisation', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='services', to='registry.organisation')),
            ],
        ),
        migrations.AddField(
            model_name='registration',
            name='service',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='registrations', to='registry.service'),
        ),
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=40)),
                ('key', models.CharField(max_length=160, unique=True)),
                ('details', models.JSONField(default=dict)),
                ('created', models.DateTimeField()),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('failures', models.PositiveIntegerField(default=0)),
                ('organisation', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='notices', to='registry.organisation')),
                ('service', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='notices', to='registry.service')),
            ],
        ),
        migrations.CreateModel(
            name='Message',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('question', 'question'), ('answer', 'answer'), ('appeal', 'appeal')], max_length=10)),
                ('text', models.TextField(max_length=2000)),
                ('at', models.DateTimeField()),
                ('answered_at', models.DateTimeField(blank=True, null=True)),
                ('application', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='messages', to='registry.application')),
                ('service', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='messages', to='registry.service')),
            ],
        ),
        migrations.AddField(
            model_name='endpoint',
            name='service',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='endpoints', to='registry.service'),
        ),
        migrations.AddField(
            model_name='application',
            name='service',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='applications', to='registry.service'),
        ),
        migrations.AddConstraint(
            model_name='membership',
            constraint=models.UniqueConstraint(fields=('organisation', 'account'), name='one_membership'),
        ),
        migrations.AddIndex(
            model_name='proof',
            index=models.Index(fields=['endpoint', 'status'], name='proof_of_endpoint'),
        ),
        migrations.AddConstraint(
            model_name='proposal',
            constraint=models.UniqueConstraint(condition=models.Q(('closed_at', None)), fields=('registration',), name='one_open_proposal'),
        ),
        migrations.AddIndex(
            model_name='registration',
            index=models.Index(fields=['state', 'ex_date'], name='registration_due'),
        ),
        migrations.AddConstraint(
            model_name='registration',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ('lapsed', 'revoked', 'gone')), _negated=True), fields=('service',), name='one_registration'),
        ),
        migrations.AddIndex(
            model_name='notice',
            index=models.Index(fields=['sent_at', 'created'], name='notice_unsent'),
        ),
        migrations.AddIndex(
            model_name='endpoint',
            index=models.Index(fields=['address'], name='endpoint_address'),
        ),
        migrations.AddIndex(
            model_name='endpoint',
            index=models.Index(fields=['name'], name='endpoint_name'),
        ),
        migrations.AddIndex(
            model_name='endpoint',
            index=models.Index(fields=['state', 'state_since'], name='endpoint_due'),
        ),
        migrations.AddConstraint(
            model_name='endpoint',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'valid'), models.Q(('entry_text', ''), _negated=True)), fields=('entry_text',), name='one_valid_endpoint'),
        ),
        migrations.AddIndex(
            model_name='application',
            index=models.Index(fields=['state', 'clock_since'], name='application_queue'),
        ),
        migrations.AddConstraint(
            model_name='application',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ('draft', 'proving', 'in_review', 'info_needed', 'provisional'))), fields=('service',), name='one_open_application'),
        ),
    ]
