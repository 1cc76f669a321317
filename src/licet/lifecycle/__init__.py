"""State × event tables of an application, an endpoint's proof and a registration: data, and nothing that runs."""
