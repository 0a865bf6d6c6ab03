// Clients that act as service accounts of kube-system, one a controller, each with no more than its own role.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "harness/base/clock.h"
#include "harness/base/result.h"
#include "reference/informer/client.h"

namespace plumb::net {
class HttpClient;
}

namespace plumb::cluster {

inline constexpr char kAccountNamespace[] = "kube-system";

class Accounts {
 public:
  virtual ~Accounts() = default;
  // Lives as long as this. Over HTTPS it waits until the account has its first token; nullptr when stop() came first, or no
  // connection can be made.
  virtual informer::Client* client(const std::string& account) = 0;
  // Nobody waits any more, now or later.
  virtual void stop() {}
};

// Over HTTPS: accounts that are missing are made, and tokens are asked for (TokenRequest, one hour), with `own`, which must outlive this;
// they are renewed when four fifths of their life are over, and when the server refuses one. `http` is asked once, when the first
// account is wanted, for a connection without an identity.
using OpenHttp = std::function<Result<std::shared_ptr<net::HttpClient>>()>;
std::unique_ptr<Accounts> make_token_accounts(informer::Client& own, OpenHttp http, Clock& clock, std::string user_agent);

}  // namespace plumb::cluster
