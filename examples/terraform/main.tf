# A tenant with its quota, a network behind a security group, and web servers in it.
#
#     make terraform-provider
#     pextra login …                        # or PEXTRA_ENDPOINTS and PEXTRA_TOKEN
#     cd examples/terraform
#     TF_CLI_CONFIG_FILE=mirror.tfrc terraform init
#     TF_CLI_CONFIG_FILE=mirror.tfrc terraform apply

terraform {
  required_version = ">= 1.11" # for what is written only
  required_providers {
    pextra = {
      source = "pextra/pextra"
    }
  }
}

variable "tenant" {
  type    = string
  default = "shop"
}

variable "servers" {
  type    = number
  default = 2
}

variable "greeting" {
  type      = string
  default   = "Hello from the shop"
  ephemeral = true
  sensitive = true
}

resource "pextra_tenant" "shop" {
  name         = var.tenant
  display_name = "The shop"
}

resource "pextra_quota" "shop" {
  tenant = pextra_tenant.shop.name
  limits = {
    instances        = 5
    vcpus            = 10
    memory_mib       = 20480
    networks         = 1
    subnets          = 1
    security_groups  = 2
    placement_groups = 1
    secrets          = 1
    volumes          = 5
    volume_gib       = 100
  }
}

resource "pextra_flavor" "web" {
  name       = "web-${var.tenant}"
  vcpus      = 1
  memory_mib = 1024
  disk_gib   = 10
}

resource "pextra_network" "front" {
  name   = "front"
  tenant = pextra_quota.shop.tenant
}

resource "pextra_subnet" "front" {
  name    = "front-v4"
  tenant  = pextra_network.front.tenant
  network = pextra_network.front.name
  cidr    = "10.1.0.0/24"
}

resource "pextra_security_group" "web" {
  name   = "web"
  tenant = pextra_quota.shop.tenant
  rules = [
    { direction = "ingress", protocol = "tcp", port_min = 80 },
    { direction = "egress" },
  ]
}

# In neither plan nor state; written anew when the version changes.
resource "pextra_secret" "boot" {
  name   = "boot"
  tenant = pextra_quota.shop.tenant
  data_wo = {
    user-data = "#!/bin/sh\necho '${var.greeting}' >/etc/motd\n"
  }
  data_wo_version = 1
}

resource "pextra_placement_group" "web" {
  name   = "web"
  tenant = pextra_quota.shop.tenant
  rule   = "spread"
  mode   = "preferred"
}

resource "pextra_instance" "web" {
  count           = var.servers
  name            = "web-${count.index + 1}"
  tenant          = pextra_subnet.front.tenant
  labels          = { app = "web" }
  flavor          = pextra_flavor.web.name
  image           = "system/sim-linux"
  networks        = [{ network = pextra_network.front.name, security_groups = [pextra_security_group.web.name] }]
  user_data_from  = { secret = pextra_secret.boot.name, entry = "user-data" }
  placement_group = pextra_placement_group.web.name
}

data "pextra_instances" "web" {
  tenant     = pextra_tenant.shop.name
  labels     = "app=web"
  depends_on = [pextra_instance.web]
}

output "addresses" {
  value = { for each in data.pextra_instances.web.items : each.name => each.status.addresses }
}
