"""`python -m terraform_provider_pextra`, as Terraform starts it."""

from terraform_provider_pextra.plugin import main

if __name__ == "__main__":
    main()
