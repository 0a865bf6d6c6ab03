// What each controller may do: its account's role, from Controller::grants(). The API server makes the roles at its first start.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reference/api/types/rbacv1.h"
#include "reference/apiserver/authorization/authorizer.h"
#include "reference/informer/client.h"

namespace plumb::controllers {

// Of every controller that acts as this service account.
std::vector<rbacv1::PolicyRule> rules_of(std::string_view account);

// A client that refuses, as the API server does, what the account's role does not allow; `refused` is told each time. For tests.
class OwnRoleClient final : public informer::Client {
 public:
  using Refused = std::function<void(const std::string& what)>;
  OwnRoleClient(informer::Client& inner, std::string account, Refused refused);
  using Client::list;
  void send(informer::Request request, informer::Done done) override;
  void list(const informer::Resource& resource, const informer::ListOptions& options, informer::ListDone done) override;
  std::unique_ptr<informer::Watch> watch(const informer::Resource& resource, const informer::WatchOptions& options, informer::WatchHandler handler) override;
  using Client::get_raw;
  void get_raw(std::string path_and_query, informer::RawDone done) override;

 private:
  std::optional<Error> refuse(const apiserver::Attributes& asked) const;
  std::optional<Error> refuse(std::string_view verb, const informer::Resource& resource, std::string_view namespace_, std::string_view name, std::string_view subresource) const;

  informer::Client& inner_;
  const std::string account_;
  const std::vector<rbacv1::PolicyRule> rules_;
  const Refused refused_;
};

}  // namespace plumb::controllers
