"""People and teams, as django-scim2 asks for them."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django_scim.models import AbstractSCIMGroupMixin, AbstractSCIMUserMixin


class Team(AbstractSCIMGroupMixin):
    """A group."""

    name = models.CharField(max_length=80)


class Person(AbstractUser, AbstractSCIMUserMixin):
    """A user."""

    scim_groups = models.ManyToManyField(Team, related_name="user_set")
