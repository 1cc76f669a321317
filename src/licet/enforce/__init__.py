"""From signed orders to the rules of a firewall: what is enforced, computed here and believed from nobody.

    orders, policy, log, registry, clock ─→ enforced set ─→ an output renders it ─→ `apply` hands it to the device

Every file but `apply` is pure: values come in, values go out. `apply` alone touches a device.
"""
