"""Parts of pages. They show values and emit what a person wants; they never wait and open no files."""
