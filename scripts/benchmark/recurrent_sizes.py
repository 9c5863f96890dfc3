"""How large the recurrent networks are that are measured; the page says it, too."""

STEPS, INPUTS = 50, 64
LSTM_UNITS, GRU_UNITS = 128, 256
