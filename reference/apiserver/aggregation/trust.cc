#include "reference/apiserver/aggregation/trust.h"

#include "reference/api/doc/document.h"
#include "reference/api/types/corev1.h"
#include "reference/api/types/rbacv1.h"
#include "reference/apiserver/authorization/default_policy.h"

namespace plumb::apiserver {
namespace {

constexpr const char* home = "kube-system";
constexpr const char* reader = "extension-apiserver-authentication-reader";

std::string json_list(const std::vector<std::string>& values) {
  std::vector<api::Doc> items(values.begin(), values.end());
  return api::Doc::array(std::move(items)).to_json();
}

std::shared_ptr<corev1::ConfigMap> trust_map(const TrustOptions& options) {
  auto made = std::make_shared<corev1::ConfigMap>();
  made->metadata.name = kAuthenticationConfigMap;
  made->metadata.namespace_ = home;
  if (!options.client_ca_pem.empty()) made->data.set("client-ca-file", api::Str(options.client_ca_pem));
  const RequestHeaderOptions& header = options.request_header;
  if (header.client_ca_pem.empty()) return made;
  made->data.set("requestheader-client-ca-file", api::Str(header.client_ca_pem));
  made->data.set("requestheader-allowed-names", api::Str(json_list(header.allowed_names)));
  made->data.set("requestheader-username-headers", api::Str(json_list(header.username_headers)));
  made->data.set("requestheader-group-headers", api::Str(json_list(header.group_headers)));
  made->data.set("requestheader-extra-headers-prefix", api::Str(json_list(header.extra_headers_prefix)));
  if (!header.uid_headers.empty()) made->data.set("requestheader-uid-headers", api::Str(json_list(header.uid_headers)));
  return made;
}

std::shared_ptr<rbacv1::Role> reader_role() {
  auto made = std::make_shared<rbacv1::Role>();
  made->metadata.name = reader;
  made->metadata.namespace_ = home;
  made->metadata.labels.set("kubernetes.io/bootstrapping", "rbac-defaults");
  made->metadata.annotations.set("rbac.authorization.kubernetes.io/autoupdate", "true");
  rbacv1::PolicyRule& rule = made->rules.emplace_back();
  for (const char* verb : {"get", "list", "watch"}) rule.verbs.push_back(verb);
  rule.apiGroups.push_back("");
  rule.resources.push_back("configmaps");
  rule.resourceNames.push_back(kAuthenticationConfigMap);
  return made;
}

std::shared_ptr<rbacv1::RoleBinding> reader_binding() {
  auto made = std::make_shared<rbacv1::RoleBinding>();
  made->metadata = reader_role()->metadata;
  made->metadata.name = "system::extension-apiserver-authentication-reader";
  made->roleRef.apiGroup = "rbac.authorization.k8s.io";
  made->roleRef.kind = "Role";
  made->roleRef.name = reader;
  for (const char* user : {"system:kube-controller-manager", "system:kube-scheduler", "system:metrics-server"}) {
    rbacv1::Subject& subject = made->subjects.emplace_back();
    subject.kind = "User";
    subject.apiGroup = "rbac.authorization.k8s.io";
    subject.name = user;
  }
  return made;
}

}  // namespace

Status publish_trust(OwnCalls& calls, const TrustOptions& options) {
  const auto wanted = trust_map(options);
  PLUMB_TRY(calls.create_missing({std::make_shared<corev1::ConfigMap>(*wanted)}));
  PLUMB_TRY(keep_policy(calls, {reader_role(), reader_binding()}));
  const auto present = calls.registry().ClusterView::get<corev1::ConfigMap>(home, kAuthenticationConfigMap);
  if (present && present->data == wanted->data) return {};
  const auto written = calls.change(corev1::ConfigMap::info(), {home, kAuthenticationConfigMap}, {}, [&](const api::Object& current) -> ApiResult<std::shared_ptr<api::Object>> {
    auto next = std::make_shared<corev1::ConfigMap>(static_cast<const corev1::ConfigMap&>(current));
    next->data = wanted->data;
    return std::shared_ptr<api::Object>(std::move(next));
  });
  if (!written.ok()) return status::to_error(written.status()).in(std::string("writing ConfigMap ") + home + "/" + kAuthenticationConfigMap);
  return {};
}

}  // namespace plumb::apiserver
