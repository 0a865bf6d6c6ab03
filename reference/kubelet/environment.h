// Environment and command line of a container: values, references to fields, resources, ConfigMaps and Secrets, and $(NAME) expansion.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reference/api/text/quantity.h"
#include "reference/kubelet/referenced_objects.h"

namespace plumb::kubelet {

using Variables = std::vector<std::pair<std::string, std::string>>;

// $(NAME) becomes the value, $$ a dollar; an unknown name stays as it is written.
std::string expand(std::string_view text, const std::function<const std::string*(std::string_view name)>& lookup);
std::string expand(std::string_view text, const Variables& variables);

// What fields and resources refer to.
struct FieldContext {
  const corev1::Pod& pod;
  std::string host_ip;
  std::vector<std::string> pod_ips;
  std::int64_t allocatable_milli_cpu = 0, allocatable_memory = 0, allocatable_storage = 0;  // where a container has no limit
};
Result<std::string> field_value(const FieldContext& context, std::string_view path);
Result<std::string> resource_value(const FieldContext& context, const corev1::ResourceFieldSelector& selector, const corev1::Container* self);

// Later values of a name replace earlier ones, as upstream. Errors say which reference cannot be resolved.
Result<Variables> make_environment(const FieldContext& context, const corev1::Container& container, ReferencedObjects& objects,
                                   const Variables& service_variables = {});

// "Labels" and "annotations" as files show them: key="escaped value" lines.
std::string format_map(const api::Map<api::Str>& map);

}  // namespace plumb::kubelet
