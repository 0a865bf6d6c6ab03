#include <set>

#include "reference/api/text/ip.h"
#include "reference/resources/services/service_rules.h"
#include "reference/resources/shared/checks.h"

namespace plumb::resources {
namespace {

const FieldPath ips_path("spec.clusterIPs"), families_path("spec.ipFamilies"), policy_path("spec.ipFamilyPolicy");

std::string list_text(const api::List<api::Str>& list) {
  std::string out = "[";
  for (const api::Str& each : list) out.append(out.size() > 1 ? "," : "").append(quoted(each));
  return out + "]";
}

std::string policy_text(const corev1::ServiceSpec& spec) { return spec.ipFamilyPolicy ? quoted(*spec.ipFamilyPolicy) : "null"; }

bool starts_the_same(const api::List<api::Str>& a, const api::List<api::Str>& b) { return a.empty() || b.empty() || a.front() == b.front(); }

void check_singular(const corev1::ServiceSpec& spec, FieldErrors& errors) {
  const auto& ips = spec.clusterIPs;
  if (spec.clusterIP.empty()) {
    if (!ips.empty()) errors.invalid(ips_path, list_text(ips), "must be empty when `clusterIP` is not specified");
  } else if (ips.empty()) {
    errors.required(ips_path);
  } else if (ips.front() != spec.clusterIP) {
    errors.invalid(ips_path, list_text(ips), "first value must match `clusterIP`");
  }
}

// True when every address can be looked at further.
bool check_each_ip(const api::List<api::Str>& ips, FieldErrors& errors) {
  bool fine = true;
  for (std::size_t i = 0; i < ips.size(); ++i) {
    if (i == 0 && ips[i] == "None") {
      if (ips.size() == 1) continue;
      errors.invalid(ips_path, list_text(ips), "'None' must be the first and only value");
      fine = false;
      continue;
    }
    const auto problems = api::check_ip(ips[i]);
    check_text(problems, ips_path.index(i), ips[i], errors);
    fine &= problems.empty();
  }
  if (ips.size() > 2) errors.invalid(ips_path, list_text(ips), "may only hold up to 2 values");
  return fine;
}

void check_families(const corev1::ServiceSpec& spec, FieldErrors& errors) {
  const auto &ips = spec.clusterIPs, &families = spec.ipFamilies;
  std::set<std::string_view> of_ips;
  for (const api::Str& ip : ips) of_ips.insert(api::Ip::parse(ip).value_or(api::Ip{}).family());
  if (ips.size() > 1 && of_ips.size() != ips.size()) errors.invalid(ips_path, list_text(ips), "may specify no more than one IP for each IP family");
  for (std::size_t i = 0; i < ips.size() && i < families.size() && !is_headless(spec); ++i)
    if (families[i] != api::Ip::parse(ips[i]).value_or(api::Ip{}).family())
      errors.invalid(ips_path.index(i), quoted(ips[i]),
                     "expected an " + families[i].str() + " value as indicated by `ipFamilies[" + std::to_string(i) + "]`");
}

// Of cluster IPs and of families: what one list may become of another.
void check_list_update(const api::List<api::Str>& next, const api::List<api::Str>& before, const corev1::ServiceSpec& spec, const FieldPath& path,
                       std::string_view one, FieldErrors& errors) {
  const auto changed = [&](std::size_t i) { errors.invalid(path.index(i), list_text(next), "may not change once set"); };
  if (next.size() == before.size()) {
    for (std::size_t i = 0; i < next.size(); ++i)
      if (next[i] != before[i]) changed(i);
    return;
  }
  if (!starts_the_same(next, before)) changed(0);
  if (next.size() > before.size()) return;
  if (spec.clusterIPs.empty()) errors.invalid(path.index(0), list_text(next), "primary " + std::string(one) + " can not be unset");
  if (next.size() == 1 && !(spec.ipFamilyPolicy && *spec.ipFamilyPolicy == "SingleStack"))
    errors.invalid(policy_path, policy_text(spec), "must be set to 'SingleStack' when releasing the secondary " + std::string(one));
}

}  // namespace

void check_cluster_ips(const corev1::ServiceSpec& spec, FieldErrors& errors) {
  if (!has_cluster_ip(spec)) return;
  check_singular(spec, errors);
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < spec.ipFamilies.size(); ++i)
    if (!seen.insert(spec.ipFamilies[i]).second) errors.duplicate(families_path.index(i), quoted(spec.ipFamilies[i]));
  if (check_each_ip(spec.clusterIPs, errors)) check_families(spec, errors);
}

void check_cluster_ips_update(const corev1::ServiceSpec& spec, const corev1::ServiceSpec& before, FieldErrors& errors) {
  if (!has_cluster_ip(spec) || !has_cluster_ip(before)) return;
  if (is_headless(spec) && is_headless(before)) return;
  check_list_update(spec.clusterIPs, before.clusterIPs, spec, ips_path, "clusterIP", errors);
  if (is_headless(spec) == is_headless(before)) check_list_update(spec.ipFamilies, before.ipFamilies, spec, families_path, "ipFamily", errors);
}

}  // namespace plumb::resources
