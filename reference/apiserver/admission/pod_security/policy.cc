#include "reference/apiserver/admission/pod_security/policy.h"

#include <array>

#include "harness/base/encoding.h"

namespace plumb::apiserver::pod_security {
namespace {

constexpr std::array<std::string_view, 3> levels = {"privileged", "baseline", "restricted"};  // in the order of Level

// One mode's labels.
class Reader {
 public:
  Reader(const api::Map<api::Str>& labels, std::string_view mode, resources::FieldErrors& errors)
      : labels_(labels), level_label_("pod-security.kubernetes.io/" + std::string(mode)), version_label_(level_label_ + "-version"), errors_(errors) {}

  bool has_level() const { return labels_.contains(level_label_); }
  bool has_version() const { return labels_.contains(version_label_); }

  // False when it is there and cannot be read; then it becomes `otherwise`.
  bool read_level(Level& level, Level otherwise) {
    if (!has_level()) return true;
    const std::string_view text = labels_.get(level_label_).view();
    for (std::size_t i = 0; i < levels.size(); ++i) {
      if (levels[i] != text) continue;
      level = static_cast<Level>(i);
      return true;
    }
    level = otherwise;
    refuse(level_label_, text, "must be one of privileged, baseline, restricted");
    return false;
  }

  void read_version(int& minor) {
    if (!has_version()) return;
    const std::string_view text = labels_.get(version_label_).view();
    minor = LevelVersion::latest;
    if (text == "latest") return;
    const std::string_view number = text.starts_with("v1.") ? text.substr(3) : std::string_view();
    const bool plain = !number.empty() && number.find_first_not_of("0123456789") == number.npos && (number[0] != '0' || number.size() == 1);
    const auto parsed = plain ? parse_int(number) : std::nullopt;
    if (!parsed) return refuse(version_label_, text, "must be \"latest\" or \"v1.x\"");
    if (*parsed < LevelVersion::latest) minor = static_cast<int>(*parsed);
  }

 private:
  void refuse(const std::string& label, std::string_view value, std::string_view why) {
    errors_.invalid(resources::FieldPath("metadata.labels").key(label), resources::FieldErrors::quoted(value), why);
  }

  const api::Map<api::Str>& labels_;
  const std::string level_label_, version_label_;
  resources::FieldErrors& errors_;
};

}  // namespace

std::string LevelVersion::level_text() const { return std::string(levels[static_cast<std::size_t>(level)]); }
std::string LevelVersion::version_text() const { return minor == latest ? "latest" : "v1." + std::to_string(minor); }
std::string LevelVersion::text() const { return level_text() + ":" + version_text(); }

Policy policy_of(const api::Map<api::Str>& labels, resources::FieldErrors& errors) {
  Policy policy;
  Reader enforce(labels, "enforce", errors), audit(labels, "audit", errors), warn(labels, "warn", errors);
  const bool enforces = enforce.read_level(policy.enforce.level, Level::restricted) && enforce.has_level();
  enforce.read_version(policy.enforce.minor);
  audit.read_level(policy.audit.level, Level::privileged);
  audit.read_version(policy.audit.minor);
  warn.read_level(policy.warn.level, Level::privileged);
  warn.read_version(policy.warn.minor);
  // Who is to be refused is also to be warned: controllers are told, and their pods are refused.
  if (enforces && !warn.has_level() && policy.enforce.level > policy.warn.level) {
    policy.warn.level = policy.enforce.level;
    if (!warn.has_version()) policy.warn.minor = policy.enforce.minor;
  }
  return policy;
}

}  // namespace plumb::apiserver::pod_security
