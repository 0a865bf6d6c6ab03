#include "reference/apiserver/services/ip_families.h"

#include <algorithm>

#include "reference/api/text/ip.h"
#include "reference/resources/services/service_rules.h"
#include "reference/resources/shared/checks.h"

namespace plumb::apiserver {
namespace {

using resources::FieldErrors;
using resources::FieldPath;
using resources::quoted;

const FieldPath policy_path("spec.ipFamilyPolicy"), families_path("spec.ipFamilies"), ips_path("spec.clusterIPs");
constexpr std::string_view single = "SingleStack", prefer = "PreferDualStack", require = "RequireDualStack";

bool has(const std::vector<std::string_view>& list, std::string_view value) { return std::find(list.begin(), list.end(), value) != list.end(); }
std::string_view other(std::string_view family) { return family == "IPv4" ? "IPv6" : "IPv4"; }
bool selects_nothing_headless(const corev1::ServiceSpec& spec) { return resources::is_headless(spec) && spec.selector.empty(); }

void default_policy(corev1::ServiceSpec& spec, const corev1::ServiceSpec* before) {
  if (spec.ipFamilyPolicy) return;
  if (before && before->ipFamilyPolicy)
    spec.ipFamilyPolicy = before->ipFamilyPolicy;
  else
    spec.ipFamilyPolicy = selects_nothing_headless(spec) ? require : single;
}

void keep_first(api::List<api::Str>& list) { list = {list.front()}; }

// Clearing the second of each needs no more than the policy; with any other policy it is refused.
void shrink(corev1::ServiceSpec& spec, const corev1::ServiceSpec& before, FieldErrors& errors) {
  if (*spec.ipFamilyPolicy == single) {
    if (spec.clusterIPs == before.clusterIPs && spec.clusterIPs.size() > 1) keep_first(spec.clusterIPs);
    if (spec.ipFamilies == before.ipFamilies && spec.ipFamilies.size() > 1) keep_first(spec.ipFamilies);
    return;
  }
  const auto reduced = [&](const api::List<api::Str>& next, const api::List<api::Str>& old, std::string_view what) {
    if (!next.empty() && next.size() < old.size())
      errors.invalid(policy_path, quoted(*spec.ipFamilyPolicy), "must be 'SingleStack' to release the secondary " + std::string(what));
  };
  reduced(spec.clusterIPs, before.clusterIPs, "cluster IP");
  reduced(spec.ipFamilies, before.ipFamilies, "IP family");
}

void check_single(const corev1::ServiceSpec& spec, FieldErrors& errors) {
  if (*spec.ipFamilyPolicy != single) return;
  const auto one = [&](const api::List<api::Str>& list, std::string_view what) {
    if (list.size() == 2)
      errors.invalid(policy_path, quoted(*spec.ipFamilyPolicy), "must be 'RequireDualStack' or 'PreferDualStack' when multiple " + std::string(what) + " are specified");
  };
  one(spec.clusterIPs, "cluster IPs");
  one(spec.ipFamilies, "IP families");
}

void infer_from_ips(corev1::ServiceSpec& spec, const std::vector<std::string_view>& cluster, FieldErrors& errors) {
  if (resources::is_headless(spec)) return;
  for (std::size_t i = spec.ipFamilies.size(); i < spec.clusterIPs.size(); ++i) {
    const std::string_view family = api::Ip::parse(spec.clusterIPs[i]).value_or(api::Ip{}).family();
    if (has(cluster, family))
      spec.ipFamilies.push_back(family);
    else
      errors.invalid(ips_path.index(i), quoted(spec.clusterIPs[i]), std::string(family) + " is not configured on this cluster");
  }
}

void check_configured(const corev1::ServiceSpec& spec, const std::vector<std::string_view>& cluster, FieldErrors& errors) {
  if (*spec.ipFamilyPolicy == require && cluster.size() < 2)
    errors.invalid(policy_path, quoted(*spec.ipFamilyPolicy), "this cluster is not configured for dual-stack services");
  for (std::size_t i = 0; i < spec.ipFamilies.size(); ++i)
    if (!has(cluster, spec.ipFamilies[i])) errors.invalid(families_path.index(i), quoted(spec.ipFamilies[i]), "not configured on this cluster");
}

}  // namespace

bool keeps_families(const corev1::ServiceSpec& spec, const corev1::ServiceSpec* before) {
  return before && spec.ipFamilyPolicy && spec.type == before->type && resources::has_cluster_ip(spec) && *spec.ipFamilyPolicy == prefer &&
         (!before->ipFamilyPolicy || *before->ipFamilyPolicy == prefer) && spec.clusterIPs == before->clusterIPs && spec.ipFamilies == before->ipFamilies;
}

void assign_families(corev1::ServiceSpec& spec, const corev1::ServiceSpec* before, const std::vector<std::string_view>& cluster, FieldErrors& errors) {
  if (!resources::has_cluster_ip(spec) || keeps_families(spec, before)) return;
  default_policy(spec, before);
  resources::check_cluster_ips(spec, errors);
  if (!errors.empty()) return;
  if (before) shrink(spec, *before, errors);
  check_single(spec, errors);
  infer_from_ips(spec, cluster, errors);
  if (!errors.empty()) return;

  // Without addresses and without pods of the cluster behind it, a service may have families that the cluster has not.
  const bool free = selects_nothing_headless(spec);
  if (!free) check_configured(spec, cluster, errors);
  if (!errors.empty()) return;
  if (spec.ipFamilies.empty()) spec.ipFamilies.push_back(cluster.front());
  if (spec.ipFamilies.size() == 1 && *spec.ipFamilyPolicy != single && (free || cluster.size() == 2)) spec.ipFamilies.push_back(other(spec.ipFamilies.front()));
}

}  // namespace plumb::apiserver
