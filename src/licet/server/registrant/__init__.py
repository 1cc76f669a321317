"""The registrant's face: organisations, services, the wizard, renewals."""
