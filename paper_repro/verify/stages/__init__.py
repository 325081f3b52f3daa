"""One module a stage; each has ``findings(study, wanted, progress)``, imported when it runs."""
