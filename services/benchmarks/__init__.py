"""KPIs set against others: unit against unit, period against period, and against published figures."""
