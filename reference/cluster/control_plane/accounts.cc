#include "reference/cluster/control_plane/accounts.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>

#include "harness/base/log.h"
#include "reference/api/types/authenticationv1.h"
#include "reference/api/types/corev1.h"
#include "reference/informer/https.h"

namespace plumb::cluster {
namespace {

using namespace std::chrono_literals;
using authenticationv1::TokenRequest;

constexpr std::int64_t token_seconds = 3600;
constexpr Duration retry_after = 1s, least_between_renewals = 10s;

// The token of one account, kept fresh by timers and callbacks of the own client.
class Token : public std::enable_shared_from_this<Token> {
 public:
  Token(informer::Client& own, Clock& clock, std::string account) : own_(own), clock_(clock), account_(std::move(account)) {}

  void begin() { ask(); }
  void stop() {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    if (timer_) clock_.cancel(*timer_);
    changed_.notify_all();
  }
  bool await() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return stopped_ || !value_.empty(); });
    return !stopped_;
  }
  std::string value() const {
    std::lock_guard lock(mutex_);
    return value_;
  }
  // The server does not take it, though it should still live: it may have another key by now, or the account is another one.
  void refused() {
    {
      std::lock_guard lock(mutex_);
      if (stopped_ || clock_.now() < asked_ + least_between_renewals) return;
      if (timer_) clock_.cancel(*timer_);
    }
    ask();
  }

 private:
  void ask() {
    {
      std::lock_guard lock(mutex_);
      timer_.reset();
      if (stopped_) return;
      asked_ = clock_.now();
    }
    auto request = std::make_shared<TokenRequest>();
    request->spec.expirationSeconds = token_seconds;
    own_.send(informer::token_request(kAccountNamespace, account_, std::move(request)), [weak = weak_from_this()](Result<informer::ObjectPtr> result) {
      if (const auto self = weak.lock()) self->answered(std::move(result));
    });
  }
  void answered(Result<informer::ObjectPtr> result) {
    if (!result.ok() && informer::is_not_found(result.error())) return make_account();
    const auto issued = result.ok() ? api::as<TokenRequest>(*result) : nullptr;
    if (!issued) return later(retry_after, "asking for a token of service account " + account_, result);
    const Duration life = issued->status.expirationTimestamp.wall() - clock_.wall();
    std::lock_guard lock(mutex_);
    if (stopped_) return;
    value_ = issued->status.token.str();
    set_timer(std::max<Duration>(life * 4 / 5, least_between_renewals));
    changed_.notify_all();
  }
  void make_account() {
    auto account = std::make_shared<corev1::ServiceAccount>();
    account->metadata.name = account_;
    account->metadata.namespace_ = kAccountNamespace;
    own_.send(informer::create_request(account), [weak = weak_from_this()](Result<informer::ObjectPtr> result) {
      const auto self = weak.lock();
      if (!self) return;
      if (result.ok() || informer::is_already_exists(result.error())) return self->ask();
      self->later(retry_after, "making service account " + self->account_, result);
    });
  }
  void later(Duration delay, const std::string& attempted, const Result<informer::ObjectPtr>& result) {
    log::warning("accounts", attempted + ": " + (result.ok() ? "the answer is no TokenRequest" : result.error().message) + "; trying again");
    std::lock_guard lock(mutex_);
    if (!stopped_) set_timer(delay);
  }
  // Under mutex_.
  void set_timer(Duration delay) {
    timer_ = clock_.after(delay, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->ask();
    });
  }

  informer::Client& own_;
  Clock& clock_;
  const std::string account_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // All below under mutex_.
  std::string value_;
  Instant asked_;
  std::optional<Clock::TimerId> timer_;
  bool stopped_ = false;
};

class TokenAccounts final : public Accounts {
 public:
  TokenAccounts(informer::Client& own, OpenHttp http, Clock& clock, std::string user_agent)
      : own_(own), open_(std::move(http)), clock_(clock), user_agent_(std::move(user_agent)) {}
  ~TokenAccounts() override { stop(); }

  informer::Client* client(const std::string& account) override {
    Entry* entry = nullptr;
    {
      std::lock_guard lock(mutex_);
      if (stopped_ || !connected()) return nullptr;
      entry = &entries_[account];
      if (!entry->token) make(*entry, account);
    }
    return entry->token->await() ? entry->client.get() : nullptr;
  }
  void stop() override {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    for (const auto& [account, entry] : entries_) entry.token->stop();
  }

 private:
  struct Entry {
    std::shared_ptr<Token> token;
    std::unique_ptr<informer::Client> client;
  };
  bool connected() {
    if (http_) return true;
    auto opened = open_();
    if (!opened.ok()) return log::error("accounts", opened.error().message), false;
    http_ = std::move(*opened);
    return true;
  }
  void make(Entry& entry, const std::string& account) {
    entry.token = std::make_shared<Token>(own_, clock_, account);
    informer::HttpsOptions options;
    options.http = http_;
    options.token = [token = entry.token] { return token->value(); };
    options.unauthorized = [weak = std::weak_ptr(entry.token)] {
      if (const auto token = weak.lock()) token->refused();
    };
    options.user_agent = user_agent_ + "/system:serviceaccount:" + kAccountNamespace + ":" + account;
    entry.client = informer::make_https_client(std::move(options));
    entry.token->begin();
  }

  informer::Client& own_;
  const OpenHttp open_;
  Clock& clock_;
  const std::string user_agent_;
  std::mutex mutex_;
  std::shared_ptr<net::HttpClient> http_;  // under mutex_
  std::map<std::string, Entry> entries_;  // under mutex_; entries stay
  bool stopped_ = false;                  // under mutex_
};

}  // namespace

std::unique_ptr<Accounts> make_token_accounts(informer::Client& own, OpenHttp http, Clock& clock, std::string user_agent) {
  return std::make_unique<TokenAccounts>(own, std::move(http), clock, std::move(user_agent));
}

}  // namespace plumb::cluster
