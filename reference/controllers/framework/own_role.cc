#include "reference/controllers/framework/own_role.h"

#include <algorithm>

#include "reference/apiserver/authorization/bootstrap_policy.h"
#include "reference/apiserver/authorization/rbac.h"
#include "reference/apiserver/http/path.h"
#include "reference/controllers/framework/controller.h"

namespace plumb::controllers {
namespace {

class ControllerRoles final : public apiserver::PolicySource {
 public:
  std::vector<apiserver::PolicyRole> roles() const override {
    std::map<std::string, apiserver::PolicyRole> by_account;
    for (const auto& [name, make] : Registry<Controller>::all()) {
      const std::unique_ptr<Controller> controller = make();
      apiserver::PolicyRole& role = by_account[controller->account()];
      role.name = "system:controller:" + controller->account();
      role.kind = "ServiceAccount";
      role.subject = controller->account();
      for (apiserver::Grant& grant : controller->grants())
        if (std::find(role.grants.begin(), role.grants.end(), grant) == role.grants.end()) role.grants.push_back(std::move(grant));
    }
    std::vector<apiserver::PolicyRole> out;
    for (auto& [account, role] : by_account) out.push_back(std::move(role));
    return out;
  }
};
const Registered<apiserver::PolicySource> registered{"controllers", [] { return std::make_unique<ControllerRoles>(); }};

}  // namespace

std::vector<rbacv1::PolicyRule> rules_of(std::string_view account) {
  std::vector<rbacv1::PolicyRule> rules;
  for (const apiserver::PolicyRole& role : ControllerRoles().roles())
    if (role.subject == account)
      for (const apiserver::Grant& grant : role.grants) rules.push_back(apiserver::rule_of(grant));
  return rules;
}

OwnRoleClient::OwnRoleClient(informer::Client& inner, std::string account, Refused refused)
    : inner_(inner), account_(std::move(account)), rules_(rules_of(account_)), refused_(std::move(refused)) {}

std::optional<Error> OwnRoleClient::refuse(const apiserver::Attributes& asked) const {
  if (std::any_of(rules_.begin(), rules_.end(), [&](const rbacv1::PolicyRule& rule) { return apiserver::allows(rule, asked); })) return std::nullopt;
  std::string what = account_ + " may not " + std::string(asked.verb) + " " + std::string(asked.resource);
  if (!asked.group.empty()) what.append(".").append(asked.group);
  if (!asked.subresource.empty()) what.append("/").append(asked.subresource);
  refused_(what);
  Error error = fail(Code::permission_denied, what, "Forbidden");
  error.http_status = 403;
  return error;
}

std::optional<Error> OwnRoleClient::refuse(std::string_view verb, const informer::Resource& resource, std::string_view namespace_, std::string_view name,
                                           std::string_view subresource) const {
  apiserver::Attributes asked;
  asked.verb = verb;
  asked.group = resource.group();
  asked.resource = resource.names().plural;
  asked.subresource = subresource;
  asked.namespace_ = namespace_;
  asked.name = name;
  return refuse(asked);
}

void OwnRoleClient::send(informer::Request request, informer::Done done) {
  if (auto refused = refuse(informer::verb_name(request.verb), *request.resource, request.namespace_, request.name, request.subresource)) return done(std::move(*refused));
  inner_.send(std::move(request), std::move(done));
}

void OwnRoleClient::list(const informer::Resource& resource, const informer::ListOptions& options, informer::ListDone done) {
  if (auto refused = refuse("list", resource, options.namespace_, {}, {})) return done(std::move(*refused));
  inner_.list(resource, options, std::move(done));
}

// Paths of discovery are everybody's.
void OwnRoleClient::get_raw(std::string path_and_query, informer::RawDone done) {
  const auto info = apiserver::parse_path("GET", std::string_view(path_and_query).substr(0, path_and_query.find('?')), false);
  if (info && info->is_resource) {
    apiserver::Attributes asked;
    asked.verb = info->verb;
    asked.group = info->group;
    asked.resource = info->resource;
    asked.subresource = info->subresource;
    asked.namespace_ = info->namespace_;
    asked.name = info->name;
    if (auto refused = refuse(asked)) return done(std::move(*refused));
  }
  inner_.get_raw(std::move(path_and_query), std::move(done));
}

// Caches are filled by the controller manager's own client.
std::unique_ptr<informer::Watch> OwnRoleClient::watch(const informer::Resource& resource, const informer::WatchOptions& options, informer::WatchHandler handler) {
  return inner_.watch(resource, options, std::move(handler));
}

}  // namespace plumb::controllers
