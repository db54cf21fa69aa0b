/// Domains under which anybody may have a name, so that a wildcard there means everybody.
///
/// Not the whole list that browsers use, which changes every week: the forms and the hosts that people write by mistake.
enum PublicSuffix {
    static func holds(_ domain: String) -> Bool {
        let labels = domain.split(separator: ".")
        if shared.contains(domain) { return true }
        // `co.uk`, `com.au`: a country's own, and the kind of who may have a name there.
        return labels.count == 2 && labels[1].count == 2 && kinds.contains(String(labels[0]))
    }

    private static let kinds: Set<String> = [
        "ac", "co", "com", "edu", "go", "gob", "gouv", "gov", "mil", "ne", "net", "nom", "or", "org",
    ]

    private static let shared: Set<String> = [
        "amplifyapp.com", "appspot.com", "azurestaticapps.net", "azurewebsites.net", "blogspot.com", "cloudfront.net",
        "firebaseapp.com", "fly.dev", "github.dev", "github.io", "gitlab.io", "herokuapp.com", "myshopify.com",
        "netlify.app", "ngrok.app", "ngrok.io", "ngrok-free.app", "onrender.com", "pages.dev", "repl.co", "run.app",
        "s3.amazonaws.com", "surge.sh", "trycloudflare.com", "vercel.app", "web.app", "workers.dev",
    ]
}
