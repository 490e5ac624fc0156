"""Commands from administrators (protocol C): checked, numbered, executed, answered."""
