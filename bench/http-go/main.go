// Go's net/http with its own router and JSON, as the HTTP bench's peer: `http-go PORT`. The bench sets GOMAXPROCS=1.
package main

import (
	"encoding/json"
	"log"
	"net/http"
	"os"
	"regexp"
	"strconv"
)

const greeting = "Hello, world!"

type user struct {
	ID      int    `json:"id"`
	Name    string `json:"name"`
	Email   string `json:"email"`
	Country string `json:"country"`
	Points  int    `json:"points"`
}

type newUser struct {
	Name    string   `json:"name"`
	Email   string   `json:"email"`
	Country string   `json:"country"`
	Age     *int     `json:"age"`
	Tags    []string `json:"tags"`
}

var email = regexp.MustCompile(`^\S+@\S+$`)

// valid checks by hand what the schemas of the others say: Go programs that want speed do.
func (n *newUser) valid() bool {
	if n.Name == "" || len(n.Name) > 100 || len(n.Email) > 254 || len(n.Country) != 3 || len(n.Tags) > 16 {
		return false
	}
	if n.Age == nil || *n.Age < 0 || *n.Age > 150 || n.Tags == nil {
		return false
	}
	for _, tag := range n.Tags {
		if len(tag) > 32 {
			return false
		}
	}
	return email.MatchString(n.Email)
}

func sendJSON(w http.ResponseWriter, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(body)
}

func main() {
	users := make(map[string]user, 100)
	for i := range 100 {
		users[strconv.Itoa(i)] = user{i, "Ada Lovelace", "ada.lovelace@example.com", "GBR", 18151}
	}

	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Write([]byte(greeting))
	})
	mux.HandleFunc("GET /users/{id}", func(w http.ResponseWriter, r *http.Request) {
		found, ok := users[r.PathValue("id")]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		sendJSON(w, &found)
	})
	mux.HandleFunc("POST /users", func(w http.ResponseWriter, r *http.Request) {
		var body newUser
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil || !body.valid() {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		sendJSON(w, &user{101, body.Name, body.Email, body.Country, len(body.Tags)})
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], mux))
}
