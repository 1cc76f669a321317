"""Who can sign in: an e-mail address and a way to prove it is theirs. No name, no telephone, no address, no papers.

The account belongs to a person, so it holds as little as a sign-in needs; not even when it was last used.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models


class AccountManager(BaseUserManager["Account"]):
    """Makes accounts; addresses are kept in lower case, so that one mailbox is one account."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> Account:
        """A new account; without a password it cannot be signed in to by one."""
        account = self.model(email=email.strip().lower(), **fields)
        account.set_password(password)
        account.save(using=self._db)
        return account

    def get_by_natural_key(self, username: str | None) -> Account:
        """The account of an address, however its letters are written."""
        return self.get(email=(username or "").strip().lower())


class Account(AbstractBaseUser):
    """Somebody who signs in."""

    email = models.EmailField(unique=True)
    is_active = models.BooleanField(default=True)
    joined = models.DateField(auto_now_add=True)
    last_login = None

    objects: ClassVar[AccountManager] = AccountManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep the address in lower case, whoever made the account."""
        self.email = self.email.strip().lower()
        super().save(*args, **kwargs)

    def __str__(self) -> str:
        return self.email

    @property
    def is_officer(self) -> bool:
        """True for somebody who decides at the desk."""
        return Officer.objects.filter(account=self, retired_at=None).exists()


class Officer(models.Model):
    """An account that decides for the registry. code: what others are shown instead of a name; retire_proposed_by: the
    officer who proposed that this one stops, until a second one agrees or it is dropped."""

    account = models.OneToOneField(Account, on_delete=models.PROTECT, related_name="officer")
    code = models.CharField(max_length=20, unique=True)
    since = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)
    retire_proposed_by = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT,
                                           related_name="retirements_proposed")
    retire_proposed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.code


class Invitation(models.Model):
    """A link that makes an officer, once. Only the digest of its token is kept. confirmed_at: from when it works; where
    there are two officers or more, a second one has to agree first."""

    token_digest = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(Officer, null=True, on_delete=models.PROTECT, related_name="invitations")
    created = models.DateTimeField()
    expires = models.DateTimeField()
    confirmed_by = models.ForeignKey(Officer, null=True, blank=True, on_delete=models.PROTECT,
                                     related_name="invitations_confirmed")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"invitation {self.pk}"
