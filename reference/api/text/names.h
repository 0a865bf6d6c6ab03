// The forms that Kubernetes demands of names and values, with upstream's exact messages (k8s.io/apimachinery/pkg/util/validation).
// Each function returns what is wrong, in upstream's order; empty means valid. An API error puts field path and value in front.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace plumb::api {

using Problems = std::vector<std::string>;

Problems check_dns1123_label(std::string_view value);
Problems check_dns1123_subdomain(std::string_view value);
Problems check_wildcard_dns1123_subdomain(std::string_view value);  // *.example.com
Problems check_dns1035_label(std::string_view value);
Problems check_qualified_name(std::string_view value);  // [prefix/]name: label, annotation, resource and finalizer keys
Problems check_label_key(std::string_view value);
Problems check_label_value(std::string_view value);
Problems check_annotation_key(std::string_view value);  // upstream lower-cases annotation keys before it checks them
Problems check_path_segment_name(std::string_view value);
Problems check_c_identifier(std::string_view value);
Problems check_env_var_name(std::string_view value);
Problems check_config_map_key(std::string_view value);
Problems check_http_header_name(std::string_view value);
Problems check_condition_reason(std::string_view value);
Problems check_percent(std::string_view value);
Problems check_port_name(std::string_view value);
Problems check_port_number(std::int64_t value);
Problems check_in_range(std::int64_t value, std::int64_t low, std::int64_t high);
Problems check_ip(std::string_view value);
// Not one that no Service or endpoint can have: unspecified, loopback, link-local. The value is a valid address.
Problems check_ordinary_ip(std::string_view value);
Problems check_cidr(std::string_view value);
inline Problems check_user_id(std::int64_t value) { return check_in_range(value, 0, INT32_MAX); }
inline Problems check_group_id(std::int64_t value) { return check_in_range(value, 0, INT32_MAX); }

std::string max_length_error(std::size_t length);  // must be no more than N characters

}  // namespace plumb::api
