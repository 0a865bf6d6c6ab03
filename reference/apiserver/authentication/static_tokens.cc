#include "reference/apiserver/authentication/static_tokens.h"

#include "harness/base/encoding.h"
#include "harness/net/crypto.h"

namespace plumb::apiserver {
namespace {

// One CSV record: fields may be quoted, "" inside quotes is a quote.
std::vector<std::string> fields(std::string_view line) {
  std::vector<std::string> out(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '"' && quoted && i + 1 < line.size() && line[i + 1] == '"') {
      out.back() += line[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      out.emplace_back();
    } else {
      out.back() += c;
    }
  }
  for (std::string& field : out) field = std::string(trim(field));
  return out;
}

}  // namespace

Result<std::unique_ptr<StaticTokens>> StaticTokens::parse(std::string_view csv) {
  auto made = std::make_unique<StaticTokens>();
  int number = 0;
  for (const std::string_view line : split(csv, '\n')) {
    ++number;
    if (trim(line).empty() || trim(line).front() == '#') continue;
    const auto parts = fields(trim(line));
    const std::string where = "token file, line " + std::to_string(number) + ": ";
    if (parts.size() < 3) return fail(Code::invalid_argument, where + "expected token,user,uid and optionally \"group1,group2\"");
    if (parts[0].empty() || parts[1].empty()) return fail(Code::invalid_argument, where + "token and user must not be empty");
    auto user = std::make_shared<User>();
    user->name = parts[1];
    user->uid = parts[2];
    if (parts.size() > 3)
      for (const std::string_view group : split(parts[3], ','))
        if (!trim(group).empty()) user->groups.emplace_back(trim(group));
    made->by_digest_[net::sha256(parts[0])] = std::move(user);
  }
  return made;
}

Result<UserPtr> StaticTokens::authenticate(const Credentials& credentials) {
  if (credentials.bearer_token.empty()) return UserPtr();
  const auto found = by_digest_.find(net::sha256(credentials.bearer_token));
  return found == by_digest_.end() ? UserPtr() : found->second;
}

}  // namespace plumb::apiserver
