#include "conformance/api_operations.h"

PLUMB_CONFORMANCE(node, runtime_class_api,
                  {.requirement = "RuntimeClasses MUST be in discovery and be created, read, listed, watched, updated, patched and deleted, one by one and together.",
                   .covers = {"RuntimeClass API"}}) {
  using namespace plumb::harness;
  ApiOperations classes{"node.k8s.io", "v1", "runtimeclasses", {}};
  for (const char* name : {"one", "two", "three"})
    classes.objects.push_back({{"apiVersion", "node.k8s.io/v1"}, {"kind", "RuntimeClass"}, {"metadata", {{"name", c.unique(name)}}}, {"handler", "plumb-nobody"}});
  expect_api_operations(c, classes);
}
