// What the containers of conformance tests run: the program plumb-test (fixtures/image), as two images that differ only in the version that they
// tell. Whether a cluster can run them is found out once a run, with a pod on its nodes, before any test that needs them is started.
#pragma once

#include <optional>
#include <string>

#include "harness/client/rest.h"

namespace plumb::harness {

struct Images {
  std::string first = "registry.plumbline.test/plumb-test:v1";
  std::string second = "registry.plumbline.test/plumb-test:v2";
};

// Why the nodes (of many, the first few) cannot get the images, or nullopt. Anything else that keeps the pods from running is left to the tests to
// judge. Makes a namespace with the label plumb.io/run=`run` and removes it.
Result<std::optional<std::string>> missing_image(client::Client& client, const Images& images, const std::string& run);

}  // namespace plumb::harness
