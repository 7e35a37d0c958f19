"""The process `clock`: what is due without anybody asking: reminders, closures, alarms, keeping and forgetting, sweeps."""
