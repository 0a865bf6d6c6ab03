#include "reference/api/types/corev1.h"
#include "reference/api/doc/document.h"
#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

constexpr std::size_t most_bytes = 1 << 20;
const FieldPath data_path("data");

void check_json(const corev1::Secret& secret, std::string_view key, FieldErrors& errors) {
  const api::Bytes* value = secret.data.find(key);
  if (!value) return errors.required(data_path.key(key));
  if (!api::parse_json(value->data).ok()) errors.invalid(data_path.key(key), "\"<secret contents redacted>\"", "invalid character in JSON");
}

// What each well-known type of secret must hold.
void check_type(const corev1::Secret& secret, FieldErrors& errors) {
  const auto required = [&](std::string_view key) {
    if (!secret.data.contains(key)) errors.required(data_path.key(key));
  };
  const std::string_view type = secret.type;
  if (type == "kubernetes.io/service-account-token" && secret.metadata.annotations.get("kubernetes.io/service-account.name").empty())
    errors.required(FieldPath("metadata").child("annotations").key("kubernetes.io/service-account.name"));
  if (type == "kubernetes.io/dockercfg") check_json(secret, ".dockercfg", errors);
  if (type == "kubernetes.io/dockerconfigjson") check_json(secret, ".dockerconfigjson", errors);
  if (type == "kubernetes.io/basic-auth" && !secret.data.contains("username") && !secret.data.contains("password")) {
    required("username");
    required("password");
  }
  if (type == "kubernetes.io/ssh-auth" && secret.data.get("ssh-privatekey").data.empty()) errors.required(data_path.key("ssh-privatekey"));
  if (type == "kubernetes.io/tls") {
    required("tls.crt");
    required("tls.key");
  }
}

class Secrets final : public Typed<corev1::Secret> {
 public:
  Secrets() : Typed(Names{"secrets", "secret", {}, {}, true}) {}
  std::vector<std::string_view> selectable_field_names() const override { return {"type"}; }
  std::vector<Column> columns() const override {
    return {name_column(), text_column("Type", "What the secret is for."), text_column("Data", "How many entries it has."), age_column()};
  }

 protected:
  void defaults(corev1::Secret& secret) const override {
    if (secret.type.empty()) secret.type = "Opaque";
    // What is given as text is kept as bytes; the text itself is never stored.
    for (const auto& [key, text] : secret.stringData) secret.data[key] = api::Bytes(text);
    secret.stringData.clear();
  }
  void check(const corev1::Secret& secret, FieldErrors& errors) const override {
    std::size_t bytes = 0;
    for (const auto& [key, value] : secret.data) {
      check_text(api::check_config_map_key(key), data_path.key(key), key, errors);
      bytes += value.data.size();
    }
    if (bytes > most_bytes) errors.too_long(data_path, most_bytes);
    check_type(secret, errors);
  }
  void check_update(const corev1::Secret& next, const corev1::Secret& previous, FieldErrors& errors) const override {
    check_immutable(next.type != previous.type, FieldPath("type"), quoted(next.type), errors);
    if (!previous.immutable.value_or(false)) return;
    constexpr std::string_view why = "field is immutable when `immutable` is set";
    if (!next.immutable.value_or(false)) errors.forbidden(FieldPath("immutable"), why);
    if (!(next.data == previous.data)) errors.forbidden(data_path, why);
  }
  void on_update(corev1::Secret& next, const corev1::Secret& previous) const override {
    if (next.type.empty()) next.type = previous.type;
  }
  std::vector<Cell> cells(const corev1::Secret& secret, WallTime now) const override {
    return {secret.metadata.name, secret.type, static_cast<std::int64_t>(secret.data.size()), age(secret, now)};
  }
  std::vector<SelectableField> fields_of(const corev1::Secret& secret) const override { return {{"type", secret.type.str()}}; }
};

const Registered<Resource> registered_secrets{"secrets", [] { return std::make_unique<Secrets>(); }};

}  // namespace
}  // namespace plumb::resources
