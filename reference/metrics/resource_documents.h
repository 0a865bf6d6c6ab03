// metrics.k8s.io/v1beta1 as JSON: NodeMetrics and PodMetrics, their lists, and the tables that kubectl shows.
#pragma once

#include <string>
#include <vector>

#include "reference/api/doc/document.h"
#include "reference/api/object.h"
#include "reference/metrics/samples.h"

namespace plumb::metrics_api {

inline constexpr char kResourceGroup[] = "metrics.k8s.io", kResourceVersion[] = "v1beta1";

// Of a Node or a Pod, whose name and labels they carry.
struct ResourceUse {
  api::ObjectPtr object;
  ContainerUse containers;  // of a node: one, without a name
};

// A number of billionths in the canonical form of a quantity: 250m, 1500u, 3.
std::string cpu_quantity(std::uint64_t nano);
std::string memory_quantity(std::uint64_t bytes);

api::Doc resource_doc(const ResourceUse& use, WallTime now);
api::Doc resource_list(std::string_view kind, const std::vector<ResourceUse>& uses, WallTime now);
api::Doc resource_table(const std::vector<ResourceUse>& uses, WallTime now);
// The items of the APIResourceList.
api::Doc served_resources();

}  // namespace plumb::metrics_api
