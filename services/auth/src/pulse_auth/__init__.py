"""Sessions, second factors, API keys, signing keys and collectors."""
