"""The practice as operators declare it: what a file may say, how it differs from what there is, and making it so."""
