// The names that stand in a quota.
#pragma once

#include <string_view>

namespace plumb::resources::quota {

inline bool is_huge_page(std::string_view name) { return name.starts_with("hugepages-"); }
// Of kubernetes.io, which names without a domain are, too.
inline bool is_native(std::string_view name) { return name.find('/') == name.npos || name.find("kubernetes.io/") != name.npos; }
inline bool is_compute(std::string_view name) { return name == "cpu" || name == "memory" || name == "ephemeral-storage"; }
// A device class that stands in for an extended resource.
inline bool is_device_class(std::string_view name) { return name.starts_with("deviceclass.resource.kubernetes.io/"); }
inline bool is_quota_extended(std::string_view name) { return (!is_native(name) && !name.starts_with("requests.")) || is_device_class(name); }

// May stand in a quota without a domain.
bool is_standard(std::string_view name);
// Of the standard names, those that objects within this scope use.
bool suits_scope(std::string_view name, std::string_view scope);
bool is_scope(std::string_view scope);

}  // namespace plumb::resources::quota
