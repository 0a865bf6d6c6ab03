#include "reference/controllers/certificates/kubelet_requests.h"

#include <algorithm>
#include <set>

namespace plumb::controllers::certificates {
namespace {

using Words = std::set<std::string, std::less<>>;

Words words(const Usages& usages) {
  Words found;
  for (const api::Str& usage : usages) found.insert(usage.str());
  return found;
}

std::string text(const Words& list) {
  std::string out = "[";
  for (const std::string& each : list) out += (out.size() > 1 ? " " : "") + each;
  return out + "]";
}

std::optional<std::string> other_usages(const Usages& usages, const char* purpose) {
  const Words with = {"key encipherment", "digital signature", purpose}, without = {"digital signature", purpose};
  const Words found = words(usages);
  if (found == with || found == without) return std::nullopt;
  return "usages did not match " + text(with);
}

bool is_named_as_node(const net::CertificateInfo& subject) { return subject.common_name.starts_with("system:node:"); }
bool is_of_nodes(const net::CertificateInfo& subject) { return subject.organizations == std::vector<std::string>{"system:nodes"}; }

constexpr const char* not_of_nodes = "subject organization is not system:nodes";
constexpr const char* not_named_as_node = "subject common name does not begin with system:node:";

}  // namespace

std::optional<std::string> no_kubelet_client(const net::CertificateInfo& subject, const Usages& usages) {
  if (!is_of_nodes(subject)) return not_of_nodes;
  if (!subject.dns_names.empty()) return "DNS subjectAltNames are not allowed";
  if (!subject.emails.empty()) return "Email subjectAltNames are not allowed";
  if (!subject.ip_addresses.empty()) return "IP subjectAltNames are not allowed";
  if (!subject.uris.empty()) return "URI subjectAltNames are not allowed";
  if (!is_named_as_node(subject)) return not_named_as_node;
  return other_usages(usages, "client auth");
}

std::optional<std::string> no_kubelet_server(const net::CertificateInfo& subject, const Usages& usages) {
  if (!is_of_nodes(subject)) return not_of_nodes;
  if (subject.dns_names.empty() && subject.ip_addresses.empty()) return "DNS or IP subjectAltName is required";
  if (!subject.emails.empty()) return "Email subjectAltNames are not allowed";
  if (!subject.uris.empty()) return "URI subjectAltNames are not allowed";
  if (auto other = other_usages(usages, "server auth")) return other;
  if (!is_named_as_node(subject)) return not_named_as_node;
  return std::nullopt;
}

std::optional<std::string> no_client(const Usages& usages) {
  const Words found = words(usages);
  for (const std::string& each : found)
    if (each != "client auth" && each != "digital signature" && each != "key encipherment") return "invalid usage for client certificate: " + each;
  if (!found.contains("client auth")) return "missing required usage for client certificate: client auth";
  return std::nullopt;
}

bool has_condition(const certificatesv1::CertificateSigningRequest& request, std::string_view type) {
  const auto& conditions = request.status.conditions;
  return std::any_of(conditions.begin(), conditions.end(), [&](const auto& each) { return each.type == type && each.status != "False"; });
}

}  // namespace plumb::controllers::certificates
