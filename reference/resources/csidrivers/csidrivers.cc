#include <set>

#include "reference/api/types/storagev1.h"
#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/storage_checks.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

using storagev1::CSIDriver;

constexpr std::int64_t least_token_seconds = 600, most_token_seconds = std::int64_t{1} << 32, least_period = 10;

void check_tokens(const api::List<storagev1::TokenRequest>& tokens, const FieldPath& path, FieldErrors& errors) {
  std::set<std::string_view> audiences;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const FieldPath at = path.index(i);
    if (!audiences.insert(tokens[i].audience).second) errors.duplicate(at.child("audience"), quoted(tokens[i].audience));
    if (!tokens[i].expirationSeconds) continue;
    const std::int64_t seconds = *tokens[i].expirationSeconds;
    const FieldPath expiration = at.child("expirationSeconds");
    if (seconds < least_token_seconds) errors.invalid(expiration, std::to_string(seconds), "may not specify a duration less than 10 minutes");
    if (seconds > most_token_seconds) errors.invalid(expiration, std::to_string(seconds), "may not specify a duration larger than 2^32 seconds");
  }
}

std::string audiences(const api::List<storagev1::TokenRequest>& tokens) {
  std::string all;
  for (const auto& token : tokens) all += (all.empty() ? "" : ",") + token.audience.str();
  return all.empty() ? "<unset>" : all;
}

class CSIDrivers final : public Typed<CSIDriver> {
 public:
  CSIDrivers() : Typed(Names{"csidrivers", "csidriver", {}, {}, false}) {}
  std::vector<Column> columns() const override {
    return {name_column(),
            flag_column("AttachRequired", "Whether volumes are attached before they are mounted."),
            flag_column("PodInfoOnMount", "Whether the driver learns which pod a volume is mounted for."),
            flag_column("StorageCapacity", "Whether the scheduler looks at the capacity that the driver publishes."),
            text_column("TokenRequests", "The audiences of the tokens that the driver gets."),
            flag_column("RequiresRepublish", "Whether volumes are published again and again."),
            text_column("Modes", "Persistent, Ephemeral or both."),
            age_column()};
  }

 protected:
  void defaults(CSIDriver& driver) const override {
    auto& spec = driver.spec;
    if (!spec.attachRequired) spec.attachRequired = true;
    if (!spec.podInfoOnMount) spec.podInfoOnMount = false;
    if (!spec.storageCapacity) spec.storageCapacity = false;
    if (!spec.fsGroupPolicy) spec.fsGroupPolicy = "ReadWriteOnceWithFSType";
    if (spec.volumeLifecycleModes.empty()) spec.volumeLifecycleModes.push_back("Persistent");
    if (!spec.requiresRepublish) spec.requiresRepublish = false;
    if (!spec.seLinuxMount) spec.seLinuxMount = false;
  }
  void check(const CSIDriver& driver, FieldErrors& errors) const override {
    check_driver_name(driver.metadata.name, FieldPath("name"), errors);
    check_tokens(driver.spec.tokenRequests, spec_path.child("tokenRequests"), errors);
    const auto& period = driver.spec.nodeAllocatableUpdatePeriodSeconds;
    if (period && *period < least_period)
      errors.invalid(spec_path.child("nodeAllocatableUpdatePeriodSeconds"), std::to_string(*period), "must be greater than or equal to 10 seconds");
  }
  void check_update(const CSIDriver& next, const CSIDriver& previous, FieldErrors& errors) const override {
    // The path is upstream's, as it is spelt there.
    check_immutable(next.spec.attachRequired != previous.spec.attachRequired, spec_path.child("attachedRequired"),
                    next.spec.attachRequired.value_or(true) ? "true" : "false", errors);
    check_immutable(!(next.spec.volumeLifecycleModes == previous.spec.volumeLifecycleModes), spec_path.child("volumeLifecycleModes"), "null", errors);
  }
  std::vector<Cell> cells(const CSIDriver& driver, WallTime now) const override {
    const auto& spec = driver.spec;
    const auto flag = [](const api::Opt<bool>& value, bool otherwise) { return Cell(value.value_or(otherwise)); };
    return {driver.metadata.name,
            flag(spec.attachRequired, true),
            flag(spec.podInfoOnMount, false),
            flag(spec.storageCapacity, false),
            audiences(spec.tokenRequests),
            flag(spec.requiresRepublish, false),
            or_else(join(spec.volumeLifecycleModes, ","), "<none>"),
            age(driver, now)};
  }
};

const Registered<Resource> registered_csidrivers{"csidrivers.storage.k8s.io", [] { return std::make_unique<CSIDrivers>(); }};

}  // namespace
}  // namespace plumb::resources
