"""A Django site with nothing but django-scim2 on it, as small as its documentation allows."""
