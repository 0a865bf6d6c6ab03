#include "harness/client/http_access.h"

#include <iterator>

#include "harness/base/encoding.h"
#include "harness/base/file.h"

namespace plumb::client {
namespace {

Result<std::string> token_of(const Credentials& user) {
  if (user.token_file.empty()) return user.token;
  const auto text = read_file(user.token_file);
  if (!text.ok()) return text.error().in("the kubeconfig's tokenFile");
  return std::string(trim(*text));
}

Result<net::Headers> headers_for(const Credentials& user) {
  net::Headers headers{{"user-agent", "plumb"}};
  const std::string token = PLUMB_TRY(token_of(user));
  if (!token.empty()) headers.set("authorization", "Bearer " + token);
  else if (!user.username.empty()) headers.set("authorization", "Basic " + base64_encode(user.username + ":" + user.password));
  if (!user.impersonate_user.empty()) headers.set("impersonate-user", user.impersonate_user);
  if (!user.impersonate_uid.empty()) headers.set("impersonate-uid", user.impersonate_uid);
  for (const auto& group : user.impersonate_groups) headers.add("impersonate-group", group);
  for (const auto& [key, values] : user.impersonate_extra) {
    for (const auto& value : values) headers.add("impersonate-extra-" + url_encode(key), value);
  }
  return headers;
}

}  // namespace

Result<HttpAccess> make_http_access(const Config& config, net::ClientOptions options) {
  if (!config.proxy_url.empty()) {
    return fail(Code::unsupported, "connecting to " + config.server + ": this does not go through a proxy; use a kubeconfig without proxy-url");
  }
  const net::Url url = PLUMB_TRY(net::parse_url(config.server));
  const Credentials user = PLUMB_TRY(resolve_exec(config.user));
  options.endpoint = url.endpoint;
  if (url.tls) {
    options.tls = net::TlsClientOptions{.ca_pem = config.ca,
                                        .certificate_pem = user.client_certificate,
                                        .key_pem = user.client_key,
                                        .server_name = config.tls_server_name,
                                        .insecure_skip_verify = config.insecure};
  }
  HttpAccess access;
  access.headers = PLUMB_TRY(headers_for(user));
  access.prefix = url.target == "/" ? "" : url.target;
  access.client = PLUMB_TRY(net::HttpClient::create(std::move(options)));
  return access;
}

}  // namespace plumb::client
