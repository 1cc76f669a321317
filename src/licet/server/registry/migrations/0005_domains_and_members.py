"""Proofs of an organisation's domain, and invitations to act for it."""


import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Two new tables."""

    dependencies = [
        ('registry', '0004_resumed'),
    ]

    operations = [
        migrations.CreateModel(
            name='DomainProof',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('handle', models.CharField(max_length=20, unique=True)),
                ('state', models.CharField(choices=[('pending', 'pending'), ('valid', 'valid'), ('stale', 'stale'), ('inactive', 'inactive'), ('gone', 'gone')], max_length=20)),
                ('state_since', models.DateTimeField()),
                ('token', models.CharField(max_length=64)),
                ('checked_at', models.DateTimeField(blank=True, null=True)),
                ('recheck_asked_at', models.DateTimeField(blank=True, null=True)),
                ('error', models.CharField(blank=True, max_length=60)),
                ('looked_for', models.CharField(blank=True, max_length=500)),
                ('where', models.CharField(blank=True, max_length=500)),
                ('seen', models.CharField(blank=True, max_length=500)),
                ('todo', models.CharField(blank=True, max_length=500)),
                ('cr_date', models.DateTimeField()),
                ('up_date', models.DateTimeField()),
                ('organisation', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='domain_proof', to='registry.organisation')),
            ],
            options={
                'indexes': [models.Index(fields=['state', 'checked_at'], name='domain_due')],
            },
        ),
        migrations.CreateModel(
            name='MemberInvitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token_digest', models.CharField(max_length=64, unique=True)),
                ('email', models.EmailField(blank=True, max_length=254)),
                ('created', models.DateTimeField()),
                ('expires', models.DateTimeField()),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='invitations', to='registry.organisation')),
            ],
            options={
                'indexes': [models.Index(fields=['expires'], name='member_invitation_ends')],
            },
        ),
    ]
