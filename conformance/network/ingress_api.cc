#include "conformance/api_operations.h"

PLUMB_CONFORMANCE(network, ingress_api,
                  {.requirement = "Ingresses and IngressClasses MUST be in discovery and be created, read, listed, watched, updated, patched and deleted, one by one and "
                                  "together, and the status of an Ingress through its subresource.",
                   .covers = {"Ingress API", "IngressClass API"}}) {
  using namespace plumb::harness;
  ApiOperations ingresses{"networking.k8s.io", "v1", "ingresses", {}, {{"status", {{"loadBalancer", {{"ingress", {{{"ip", "192.0.2.9"}}}}}}}}}, "/status/loadBalancer"};
  ApiOperations classes{"networking.k8s.io", "v1", "ingressclasses", {}};
  for (const char* name : {"one", "two", "three"}) {
    ingresses.objects.push_back({{"apiVersion", "networking.k8s.io/v1"}, {"kind", "Ingress"}, {"metadata", {{"name", name}}},
                                 {"spec", {{"ingressClassName", "plumb-nobody"}, {"defaultBackend", {{"service", {{"name", "back"}, {"port", {{"number", 80}}}}}}}}}});
    classes.objects.push_back({{"apiVersion", "networking.k8s.io/v1"}, {"kind", "IngressClass"}, {"metadata", {{"name", c.unique(name)}}},
                               {"spec", {{"controller", "plumb.io/nobody"}}}});
  }
  expect_api_operations(c, ingresses);
  expect_api_operations(c, classes);
}
