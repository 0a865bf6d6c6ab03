#include "reference/api/types/corev1.h"
#include "reference/resources/podspec/validate.h"
#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

class ResourceQuotas final : public Typed<corev1::ResourceQuota> {
 public:
  ResourceQuotas() : Typed(Names{"resourcequotas", "resourcequota", {"quota"}, {}, true}) {}
  bool has_generation() const override { return false; }
  std::vector<Column> columns() const override {
    return {name_column(), text_column("Request", "What is used of what may be requested."), text_column("Limit", "What is used of what limits may add up to."), age_column()};
  }

 protected:
  void check(const corev1::ResourceQuota& quota, FieldErrors& errors) const override {
    for (const auto& [name, amount] : quota.spec.hard) {
      const FieldPath at = FieldPath("spec").child("hard").key(name);
      check_text(api::check_qualified_name(name), at, name, errors);
      check_resource_amount(name, amount, at, errors);
    }
  }
  std::vector<Cell> cells(const corev1::ResourceQuota& quota, WallTime now) const override {
    std::string requests, limits;
    for (const auto& [name, hard] : quota.status.hard) {
      std::string& out = name.view().starts_with("limits.") ? limits : requests;
      out += (out.empty() ? "" : ", ") + name.str() + ": " + text_of(quota.status.used, name) + "/" + hard.text.str();
    }
    return {quota.metadata.name, requests, limits, age(quota, now)};
  }
};

const Registered<Resource> registered{"resourcequotas", [] { return std::make_unique<ResourceQuotas>(); }};

}  // namespace
}  // namespace plumb::resources
