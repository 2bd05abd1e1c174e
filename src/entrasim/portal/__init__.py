"""The portal of the stand-in: pages of the directory, the application, its provisioning job, and sign-in.

Pages call verbs of the package and hold no rule. Every form works without JavaScript; htmx replaces parts of a page
where that is quicker. What is served comes from this package alone.
"""
