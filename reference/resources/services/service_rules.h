// Rules of services. Addresses and node ports are given out by the API server; here a service is checked with or without them.
// From: the Service API's documentation, KEP-563 (dual stack), and upstream's behaviour.
#pragma once

#include "reference/api/types/corev1.h"
#include "reference/resources/field_errors.h"

namespace plumb::resources {

// What a service's type and policy ask for.
bool has_cluster_ip(const corev1::ServiceSpec& spec);
bool has_node_ports(const corev1::ServiceSpec& spec);
bool has_health_check_port(const corev1::ServiceSpec& spec);
bool is_externally_accessible(const corev1::ServiceSpec& spec);
bool is_headless(const corev1::ServiceSpec& spec);

void check_service(const corev1::Service& service, FieldErrors& errors);
void check_service_update(const corev1::Service& next, const corev1::Service& previous, FieldErrors& errors);
void check_service_status(const corev1::Service& service, FieldErrors& errors);
// clusterIP, clusterIPs, ipFamilies and ipFamilyPolicy, each and together.
void check_cluster_ips(const corev1::ServiceSpec& spec, FieldErrors& errors);
void check_cluster_ips_update(const corev1::ServiceSpec& spec, const corev1::ServiceSpec& before, FieldErrors& errors);

}  // namespace plumb::resources
