#include "conformance/api_operations.h"

PLUMB_CONFORMANCE(storage, volume_attributes_class_api,
                  {.requirement = "VolumeAttributesClasses MUST be in discovery and be created, read, listed, watched, updated, patched and deleted, one by one and "
                                  "together, and keep their driver and parameters.",
                   .covers = {"VolumeAttributesClass, lifecycle"},
                   .needs = {"resource:storage.k8s.io/v1/volumeattributesclasses"}}) {
  using namespace plumb::harness;
  ApiOperations classes{"storage.k8s.io", "v1", "volumeattributesclasses", {}};
  const auto object = [](const std::string& name) {
    return Json{{"apiVersion", "storage.k8s.io/v1"}, {"kind", "VolumeAttributesClass"}, {"metadata", {{"name", name}}}, {"driverName", "plumb.io"}, {"parameters", {{"iops", "100"}}}};
  };
  for (const char* name : {"one", "two", "three"}) classes.objects.push_back(object(c.unique(name)));
  expect_api_operations(c, classes);
  c.create(object(c.unique("fixed")));
  const Resource in{"storage.k8s.io/v1", "volumeattributesclasses", ""};
  c.refused(c.client().patch(in, c.unique("fixed"), PatchKind::merge, {{"parameters", {{"iops", "200"}}}}), 422, "Invalid");
}
