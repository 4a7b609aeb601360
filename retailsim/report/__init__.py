"""Tables, plots and annotated video of a replay."""
