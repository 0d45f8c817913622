"""What must not be read in a released text: e-mail addresses, telephone numbers, keys, card numbers and IBANs."""
